"""Asks a model three questions with the OpenAI SDK, as it comes: its own retries and waits are what one sees."""

import os

from openai import OpenAI, OpenAIError

client = OpenAI(api_key="sk-example", base_url=os.environ.get("OPENAI_BASE_URL", os.environ["MODEL_URL"] + "/v1"))
failed = 0
for question in ("What is a mug?", "Why blue?", "How many?"):
    try:
        answer = client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": question}])
        print(answer.choices[0].message.content)
    except OpenAIError as error:
        failed += 1
        print(f"gave up on {question!r}: {type(error).__name__}")
raise SystemExit(1 if failed else 0)
