"""The command line: `python -m autograd check | digits | draw | replay | step | dap`, a module per subcommand."""
