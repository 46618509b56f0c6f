"""Ask two files the same questions, and show where their answers differ.

    python examples/compare_files.py A.gguf B.gguf sqlite:///shop.db "How many products are there?"

`t2sql compare` measures how many answers of a dataset are right.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from t2sql.generate import Asker, open_backend
from t2sql.live import LiveAnswer, ask_database, open_database
from t2sql.sql import same_result


def main() -> None:
    """Print size and speed of each file, and the questions that they answer differently."""
    *files, url = sys.argv[1:4]
    questions = sys.argv[4:]
    answers = [answers_of(file, url, questions) for file in files]
    for question, first, second in zip(questions, *answers, strict=True):
        if first.result is None or second.result is None:
            same = first.sql == second.sql
        else:
            same = same_result(first.result, second.result, ordered=False)
        print("same     " if same else "different", question)
        if not same:
            print(f"  {Path(files[0]).name}: {first.sql}\n  {Path(files[1]).name}: {second.sql}")


def answers_of(file: str, url: str, questions: list[str]) -> list[LiveAnswer]:
    """The answers of one file."""
    with open_database(url) as database, closing(open_backend(file)) as backend:
        answers = [ask_database(Asker(backend), database, one, execute=True) for one in questions]
    tokens = sum(answer.answer.timings.tokens for answer in answers)
    seconds = sum(answer.answer.timings.seconds for answer in answers)
    megabytes = Path(file).stat().st_size / 1e6
    print(f"{Path(file).name}: {megabytes:.1f} MB, {tokens / max(seconds, 1e-9):.0f} tokens per second")
    return answers


if __name__ == "__main__":
    main()
