"""The ground floor: values and pure functions. No files, no network, no clock, no notebook."""
