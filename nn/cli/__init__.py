"""The command line: `python -m nn train | predict | inspect`, a module per subcommand."""
