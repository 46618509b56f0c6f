"""Ask a database.

python examples/ask_database.py demo sqlite:///shop.db "How many products are there?"
"""

from __future__ import annotations

import sys
from contextlib import closing

from t2sql.generate import Asker, open_backend
from t2sql.live import ask_database, open_database


def main() -> None:
    """Print the statement, how sure it is, and the rows."""
    model, url, *questions = sys.argv[1:]
    with open_database(url) as database, closing(open_backend(model)) as backend:
        for question in questions:
            answer = ask_database(Asker(backend), database, question, execute=True)
            print(answer.sql)
            print(f"-- {answer.status}", *answer.doubts, sep="\n-- ")
            if answer.result is not None:
                for row in answer.result.rows:
                    print(*row, sep="\t")


if __name__ == "__main__":
    main()
