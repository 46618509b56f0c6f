"""`python -m t2sql`."""

from t2sql.cli import main

if __name__ == "__main__":
    main()
