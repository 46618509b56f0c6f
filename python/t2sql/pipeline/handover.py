"""What lets a run's files be used elsewhere: README.md with the commands, a Modelfile for Ollama."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from t2sql.files import write_text
from t2sql.prompt import DEFAULT_FORMAT, PromptFormat, prompt_text, render_prompt
from t2sql.runs import Run
from t2sql.schema import read_table_lines

TABLE = "students: Name, Age, School, Grade, Height, Weight"
QUESTION = "How old is Wang Junjian?"


def write(run: Run, types: tuple[str, ...]) -> list[Path]:
    """Write README.md into the run and a Modelfile beside the GGUF files.

    Args:
        run: The run.
        types: The types that its f32 file was quantized to.

    Returns:
        The paths of both.
    """
    layout, files = run.layout, run.layout.model_files(types)
    best = layout.model_file("q8_0") if "q8_0" in types else files[-1]
    trained_on = PromptFormat.known(run.document.t2sql.prompt_format) or DEFAULT_FORMAT
    prompt = prompt_text(render_prompt(read_table_lines([TABLE]), QUESTION, trained_on))
    message = prompt.removesuffix("\nA:")
    write_text(layout.modelfile, ollama_modelfile(best.name))
    template = resources.files("t2sql.pipeline").joinpath("README.template.md").read_text(encoding="utf-8")
    values = {
        "name": run.name,
        "tag": layout.stem.lower(),
        "model": str(run.config.get("model", "")),
        "file": best.name,
        "files": "\n".join(f"- `gguf/{file.name}`" for file in files),
        "prompt": prompt,
        "shell_prompt": "$'" + prompt.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'",
        "json_prompt": prompt.replace("\n", "\\n"),
        "message": message,
        "json_message": message.replace("\n", "\\n"),
        "question": QUESTION,
        "table": TABLE,
    }
    for name, value in values.items():
        template = template.replace("{{" + name + "}}", value)
    write_text(layout.readme, template)
    return [layout.readme, layout.modelfile]


def ollama_modelfile(file: str) -> str:
    """A Modelfile whose template gives the model the prompt it was trained on: message, line break, `A:`.

    Args:
        file: The GGUF file's name, beside the Modelfile.
    """
    return f'''FROM ./{file}
TEMPLATE """{{{{ if .System }}}}{{{{ .System }}}}
{{{{ end }}}}{{{{ .Prompt }}}}
A:"""
PARAMETER temperature 0
PARAMETER num_predict 128
PARAMETER stop "\\n"
'''
