"""`python -m throughtime` is the command `throughtime`."""

from throughtime.cli.main import main

main()
