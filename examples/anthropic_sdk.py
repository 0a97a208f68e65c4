"""Asks a model three questions with the Anthropic SDK, as it comes: its own retries and waits are what one sees."""

import os

from anthropic import Anthropic, AnthropicError

client = Anthropic(api_key="sk-ant-example", base_url=os.environ.get("ANTHROPIC_BASE_URL", os.environ["MODEL_URL"]))
failed = 0
for question in ("What is a mug?", "Why blue?", "How many?"):
    try:
        answer = client.messages.create(
            model="scripted", max_tokens=64, messages=[{"role": "user", "content": question}]
        )
        print("".join(block.text for block in answer.content if block.type == "text"))
    except AnthropicError as error:
        failed += 1
        print(f"gave up on {question!r}: {type(error).__name__}")
raise SystemExit(1 if failed else 0)
