"""Takes the mark-up around pictures out of a text: Markdown, HTML, code fences, addresses.

Pictures stand in the text as tokens made of lone surrogates. Text from elsewhere never holds one: it is
decoded UTF-8, and what JSON escapes smuggle in is replaced before. Nothing here is a parser of Markdown;
each pattern is bounded, so that text cannot make it slow.
"""

from __future__ import annotations

import re

_MORE = "\udc02"
_PICTURE = "\udc00[0-9]+\udc01"
_URL = r"https?://[^\s<>\"'\])\\]{1,4000}"
_TARGET = rf"(?:(?P<token>{_PICTURE})|(?P<url>{_URL}))"
# An alternative text may hold one pair of brackets. Each class leaves out what would begin the same pattern
# again, so that a text made of nothing but beginnings costs no more than its length.
_ALT = r"\[(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,1000}\]"
_MARKUP = [
    # an image that is a link: [![alt](picture)](page)
    re.compile(rf"\[\s*!{_ALT}\(\s*<?{_TARGET}>?[^()]{{0,300}}\)\s*\]\([^()]{{0,4000}}\)"),
    # ![alt](picture "title"), also where the reply ends inside it
    re.compile(rf"!{_ALT}\(\s*<?{_TARGET}>?(?:[^()\udc00]{{0,300}}?\)|\s*\Z)"),
    # a link to a picture: [Download](picture)
    re.compile(rf"{_ALT}\(\s*<?(?P<token>{_PICTURE})>?(?:[^()\udc00]{{0,300}}?\)|\s*\Z)"),
    re.compile(rf"<img\b[^<>]{{0,2000}}?{_TARGET}[^<>]{{0,2000}}(?:>|\Z)", re.IGNORECASE),
    # a code fence or code span with nothing but pictures in it
    re.compile(rf"```[\w-]{{0,20}}\s*(?P<token>(?:{_PICTURE}\s*)+)(?:```|\Z)"),
    re.compile(rf"`(?P<token>(?:{_PICTURE})+)`?"),
]
_OPEN_ALT = r"\[(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,1000}"
_WHAT_MAY_OPEN = re.compile(
    rf"""(?xi)
    (?:   \[\s* (?: ! (?:{_OPEN_ALT}
              (?:\] (?:\( [^()]{{0,4000}} (?:\)\s* (?:\] (?:\([^()]{{0,4000}})? )?)?)?)?)? )?
        | ! (?:{_OPEN_ALT} (?:\] (?:\( [^()]{{0,4000}} )?)? )?
        | \[ [^\[\]]{{0,200}} (?:\] (?:\( [^()]{{0,100}} )?)?
        | < (?:i(?:m(?:g\b[^<>]{{0,4000}})?)?)?
        | `{{1,3}} [\w-]{{0,20}} \s* (?:{_PICTURE}\s*)* `{{0,2}}
        | h (?:t(?:t(?:p(?:s? (?: : (?:/(?:/[^\s<>"'\])]{{0,1000}})?)?)?)?)?)?)?
    )\Z
    """
)
_LONGEST = 10_000  # characters that an open mark-up can be long

_BARE_URL = re.compile(rf"(?<![\w(\"'=]){_URL}")
_PICTURE_PATH = re.compile(r"\.(?:png|jpe?g|webp|gif)(?:[?#]|\Z)", re.IGNORECASE)
# Gemini's web app leaves these where it has not put the picture yet; nobody can fetch them.
_PLACEHOLDER = re.compile(r"https?://(?:\w+\.)?googleusercontent\.com/image_generation_content/\d+")


def token(number: int) -> str:
    """What stands for a picture in a text.

    >>> len(token(7))
    3
    """
    return f"\udc00{number}\udc01"


def split(text: str) -> list[str | int]:
    """The text between the tokens, and their numbers in between.

    >>> split("a" + token(3) + "b")
    ['a', 3, 'b']
    """
    parts: list[str | int] = [*re.split("\udc00([0-9]+)\udc01", text)]
    parts[1::2] = [int(number) for number in parts[1::2]]
    return parts


def tidy(text: str, urls: list[str], *, last: bool = True) -> str:
    """The text without the mark-up around tokens, and without pictures by address, which go to ``urls``.

    Mark-up that the end of the text cuts off counts as closed, unless more is to come (not ``last``).

    >>> found = []
    >>> tidy("A fox ![x](https://example.org/a.png), " + "[![i](" + token(1) + ")](https://b)", found) == (
    ...     "A fox , " + token(1)), found
    (True, ['https://example.org/a.png'])
    """
    if "\udc00" not in text and "http" not in text:
        return text

    def replace(found: re.Match[str]) -> str:
        groups = found.groupdict()
        url = groups.get("url")
        if url and _PLACEHOLDER.match(url) is None:
            urls.append(url)
        return groups.get("token") or ""

    text = text if last else text + _MORE
    for pattern in _MARKUP:
        text = pattern.sub(replace, text)
    return _PLACEHOLDER.sub("", text).removesuffix(_MORE)


def without(text: str, urls: list[str]) -> str:
    """The text without these addresses, where they stand bare.

    >>> without("Look: https://a/1.png", ["https://a/1.png"])
    'Look: '
    """
    return _BARE_URL.sub(lambda found: "" if found.group() in urls else found.group(), text)


def bare_urls(text: str) -> list[str]:
    """Addresses in a text that are probably pictures: by their suffix, or because there is nothing else.

    >>> bare_urls("see https://a.org/page and https://a.org/x.png?sig=1"), bare_urls(" https://a.org/x ")
    (['https://a.org/x.png?sig=1'], ['https://a.org/x'])
    """
    found = [url.rstrip(".,;:!?") for url in re.findall(_URL, text)]
    if len(found) == 1 and text.strip() == found[0]:
        return found
    return [url for url in dict.fromkeys(found) if _PICTURE_PATH.search(url)]


def held_back(text: str) -> int:
    """From where on a text may be the beginning of a picture's mark-up.

    >>> held_back("A fox ![im"), held_back("A fox!? Yes.")
    (6, 12)
    """
    found = _WHAT_MAY_OPEN.search(text, max(0, len(text) - _LONGEST))
    return found.start() if found else len(text)
