"""`/v1/completions` and `/v1/models` as OpenAI's clients, LangChain and people with curl use them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.openai_bodies import COMPLETION
from support.serving import Served

from t2sql.generate import OpenAIBackend

PROMPT = "1, 2, 3, 4, 5,"


def post(served: Served, **body: Any) -> Any:
    with served.client() as client:
        return client.post("/v1/completions", json={"prompt": PROMPT, **body})


def streamed(served: Served, **body: Any) -> list[dict[str, Any]]:
    lines = post(served, stream=True, **body).text.splitlines()
    events = [line.removeprefix("data: ") for line in lines if line]
    assert events[-1] == "[DONE]"
    return [json.loads(event) for event in events[:-1]]


def test_everything_that_openais_client_sends_is_taken(tiny_served: Served) -> None:
    assert post(tiny_served, **COMPLETION).status_code == 200
    for name in COMPLETION:
        assert post(tiny_served, **{"max_tokens": 2, name: None}).status_code == 200, name


def test_each_prompt_has_its_choice_as_it_would_alone(tiny_served: Served) -> None:
    prompts = [PROMPT, "a, b,", PROMPT]
    alone = [post(tiny_served, prompt=prompt, max_tokens=5).json() for prompt in prompts]
    answer = post(tiny_served, prompt=prompts, max_tokens=5).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert [choice["text"] for choice in answer["choices"]] == [one["choices"][0]["text"] for one in alone]
    for count in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert answer["usage"][count] == sum(one["usage"][count] for one in alone)


def test_n_samples_differ_and_the_prompt_counts_once(tiny_served: Served) -> None:
    answer = post(tiny_served, n=3, temperature=1.5, max_tokens=8, top_p=0.9).json()
    assert len({choice["text"] for choice in answer["choices"]}) > 1
    assert (
        answer["usage"]["prompt_tokens"] == post(tiny_served, max_tokens=1).json()["usage"]["prompt_tokens"]
    )


def test_a_stop_ends_the_text_in_an_answer_and_in_a_stream(tiny_served: Served) -> None:
    whole = post(tiny_served, max_tokens=24).json()["choices"][0]["text"]
    stop = whole[len(whole) // 2 :][:2]
    for stops in (stop, [stop], ["never met", stop]):
        choice = post(tiny_served, max_tokens=24, stop=stops).json()["choices"][0]
        assert choice["text"] == whole[: whole.index(stop)].rstrip() and choice["finish_reason"] == "stop"
        events = streamed(tiny_served, max_tokens=24, stop=stops)
        assert "".join(event["choices"][0]["text"] for event in events) == choice["text"]
        assert events[-1]["choices"][0]["finish_reason"] == "stop"


def test_log_probabilities_have_openais_old_form(tiny_served: Served) -> None:
    choice = post(tiny_served, max_tokens=6, logprobs=2).json()["choices"][0]
    report = choice["logprobs"]
    assert set(report) == {"tokens", "token_logprobs", "top_logprobs", "text_offset"}
    assert len({len(values) for values in report.values()}) == 1
    assert all(logprob <= 0 for logprob in report["token_logprobs"])
    assert all(len(top) == 2 for top in report["top_logprobs"])
    assert (
        post(tiny_served, max_tokens=2, logprobs=0).json()["choices"][0]["logprobs"]["top_logprobs"] is None
    )


def test_echo_puts_the_prompt_before_the_answer(tiny_served: Served) -> None:
    plain = post(tiny_served, max_tokens=4).json()["choices"][0]["text"]
    assert post(tiny_served, max_tokens=4, echo=True).json()["choices"][0]["text"] == PROMPT + plain
    events = streamed(tiny_served, max_tokens=4, echo=True)
    assert "".join(event["choices"][0]["text"] for event in events) == PROMPT + plain


def test_a_stream_of_several_choices_says_which_and_counts_at_its_end(tiny_served: Served) -> None:
    body = {"prompt": [PROMPT, "a, b,"], "max_tokens": 6}
    whole = post(tiny_served, **body).json()
    events = streamed(tiny_served, **body, stream_options={"include_usage": True})
    assert events[-1]["choices"] == [] and events[-1]["usage"] == whole["usage"]
    assert {event["id"] for event in events} == {events[0]["id"]}
    for choice in whole["choices"]:
        own = [part for event in events for part in event["choices"] if part["index"] == choice["index"]]
        assert "".join(part["text"] for part in own) == choice["text"]
        assert own[-1]["finish_reason"] == choice["finish_reason"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", [1, 2, 3]),
        ("prompt", [[1, 2], [3]]),
        ("prompt", []),
        ("prompt", ""),
        ("prompt", ["a", ""]),
        ("prompt", 5),
        ("prompt", None),
        ("stop", 5),
        ("stop", ["x"] * 100),
        ("suffix", "x"),
        ("presence_penalty", 0.5),
        ("frequency_penalty", -1),
        ("best_of", 3),
        ("n", 0),
        ("n", 1000),
        ("logprobs", 100),
        ("logit_bias", {"50256": -100}),
        ("max_tokens", 0),
        ("max_tokens", 100_000),
        ("temperature", -1),
        ("top_p", 0),
        ("seed", 1.5),
        ("stream", "perhaps"),
        ("stream_options", {"include_usage": True}),
        ("messages", [{"role": "user", "content": "hi"}]),
        ("grammar", "root ::= x"),
        ("response_format", {"type": "json_object"}),
        ("tools", [{"type": "function"}]),
        ("mirostat", False),
        ("use_beam_search", 0),
        ("unheard_of", 1),
    ],
)
def test_what_is_not_done_is_refused_by_its_name(tiny_served: Served, field: str, value: Any) -> None:
    answer = post(tiny_served, **{field: value})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error" and error["param"] == field
    assert field in error["message"] and "Value error" not in error["message"]


def test_what_only_cuts_off_unlikely_tokens_is_harmless_at_temperature_0(tiny_served: Served) -> None:
    cuts = {"top_k": 40, "min_p": 0.1, "typical_p": 0.9, "top_p": 0.5}
    plain = post(tiny_served, max_tokens=4).json()["choices"][0]["text"]
    assert post(tiny_served, max_tokens=4, **cuts).json()["choices"][0]["text"] == plain
    assert post(tiny_served, max_tokens=4, temperature=1, top_k=40).status_code == 400


def test_as_many_tokens_as_there_may_be(tiny_served: Served) -> None:
    assert post(tiny_served, max_tokens=-1).status_code == 200


@pytest.mark.parametrize("base", ["", "/v1"])
def test_the_model_is_listed_where_clients_look(tiny_served: Served, base: str) -> None:
    with tiny_served.client() as client:
        listed = client.get(f"{base}/models").json()
        (model,) = listed["data"]
        assert listed["object"] == "list" and model["object"] == "model" and "/" not in model["id"]
        assert client.get(f"{base}/models/{model['id']}").json() == model
        missing = client.get(f"{base}/models/other/model")
        assert missing.status_code == 404 and missing.json()["error"]["code"] == "model_not_found"
        assert client.post(f"{base}/completions", json={"prompt": "1", "max_tokens": 1}).status_code == 200


def test_a_path_that_there_is_not_is_told_which_there_are(tiny_served: Served) -> None:
    with tiny_served.client() as client:
        for path in ("/v1/responses", "/completion", "/v1/embeddings", "/props"):
            answer = client.post(path, json={})
            assert answer.status_code == 404 and "/v1/completions" in answer.json()["error"]["message"]


def test_a_server_says_how_its_model_has_to_be_asked(tiny_served: Served) -> None:
    with tiny_served.client() as client:
        (model,) = client.get("/v1/models").json()["data"]
        backend = OpenAIBackend(str(client.base_url), "any name")
    assert backend.prompt_format == model["prompt_format"] == "t2sql.prompt.1"
    backend.close()
