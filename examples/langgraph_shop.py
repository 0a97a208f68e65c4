"""A LangGraph agent that searches a shop and charges for three orders. It knows nothing of any proxy.

Its tools hand an error to the model as text, which then decides: the usual way, and the one that charges twice when a
reply gets lost.
"""

import os

import httpx
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

SHOP = os.environ["SHOP_URL"]


def ask(method: str, path: str, **more: object) -> str:
    """A call of the shop's API; what went wrong as text, as agents' tools have it."""
    try:
        response = httpx.request(method, SHOP + path, timeout=5, **more)  # type: ignore[arg-type]
    except httpx.HTTPError as error:
        return f"error: {type(error).__name__}"
    return response.text if response.is_success else f"error {response.status_code}: {response.text[:200]}"


@tool
def search(q: str) -> str:
    """Search the shop."""
    return ask("GET", "/v1/search", params={"q": q})


@tool
def archive(q: str) -> str:
    """Search the archive, when the search is down."""
    return ask("GET", "/v1/archive", params={"q": q})


@tool
def charge(order: str, amount: int) -> str:
    """Charge for an order."""
    return ask("POST", "/v1/charges", json={"order": order, "amount": amount})


def main() -> None:
    """Three orders, one after the other."""
    base = os.environ.get("OPENAI_BASE_URL", os.environ["MODEL_URL"] + "/v1")
    tools = [search, archive, charge]
    model = ChatOpenAI(model="scripted", base_url=base, api_key="sk-example").bind_tools(tools)
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    agent = graph.compile()
    for order in ("order-1", "order-2", "order-3"):
        asked = HumanMessage(f"Buy a blue mug as {order}")
        print(order, agent.invoke({"messages": [asked]})["messages"][-1].content)


if __name__ == "__main__":
    main()
