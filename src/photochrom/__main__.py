"""`python -m photochrom` is the `photochrom` command."""

from photochrom.cli import main

main()
