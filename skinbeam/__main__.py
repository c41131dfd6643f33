"""Run the command line for `python -m skinbeam`."""

from skinbeam.cli import main

if __name__ == "__main__":
    main()
