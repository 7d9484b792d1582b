"""`python -m wheelyard` is the command `wheelyard`."""

from wheelyard.cli import main

if __name__ == "__main__":
    main()
