"""`python -m fundalloc`."""

from fundalloc.cli import main

if __name__ == "__main__":
    main()
