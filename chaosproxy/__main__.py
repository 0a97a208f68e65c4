"""`python -m chaosproxy` is `chaosproxy`."""

from chaosproxy.cli import main

if __name__ == "__main__":
    main()
