"""`python -m skinbeam` is the command."""

from skinbeam.cli import main

if __name__ == "__main__":
    main()
