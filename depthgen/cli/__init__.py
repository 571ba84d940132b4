"""The command lines: thin, each turns its arguments into values once and calls the library."""
