"""Starts the agent: `python3 -m agent` answers requests, `rollback SERVICE` takes an unconfirmed change back."""

from .main import main

if __name__ == "__main__":
    main()
