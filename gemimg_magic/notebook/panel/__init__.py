"""The panel and the comparison: widgets, each with a face of plain JavaScript beside it."""

from .widget import Panel as Panel
from .widget import panel as panel
