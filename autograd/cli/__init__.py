"""The command line, `python -m autograd`: a module per subcommand."""
