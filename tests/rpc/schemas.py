"""The schemas of the API, read from the project, and an independent validator for replies."""

import json
import os

try:
    import jsonschema
except ImportError:  # Debian: python3-jsonschema
    jsonschema = None

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas")


def load():
    """One OpenRPC document of all fragments."""
    with open(os.path.join(FOLDER, "openrpc.json"), encoding="utf-8") as f:
        document = json.load(f)
    for name in sorted(os.listdir(FOLDER)):
        if not name.endswith(".json") or name == "openrpc.json":
            continue
        with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
            fragment = json.load(f)
        document["methods"] += fragment["methods"]
        for kind in ("schemas", "errors"):
            document["components"][kind].update(fragment["components"][kind])
    return document


DOCUMENT = load()
METHODS = {method["name"]: method for method in DOCUMENT["methods"]}
ERRORS = DOCUMENT["components"]["errors"]


def follow_once(thing):
    node = DOCUMENT
    for part in thing["$ref"].removeprefix("#/").split("/"):
        node = node[part]
    return node


def follow(thing):
    while "$ref" in thing:
        thing = follow_once(thing)
    return thing


def validate(value, schema, what):
    if jsonschema is None:
        return
    whole = {"allOf": [schema], "components": DOCUMENT["components"]}
    problems = list(jsonschema.Draft7Validator(whole).iter_errors(value))
    assert not problems, f"{what}: {problems[0].message} at {list(problems[0].path)}\n{value}"


def check_result(method, result):
    validate(result, METHODS[method]["result"]["schema"], f"result of {method}")


def check_error(error, method=None):
    """ERROR is one of the documented ones, and METHOD may give it."""
    assert set(error) <= {"code", "message", "data"}, error
    name = error["data"]["name"]
    assert name in ERRORS, f"undocumented error {name}"
    assert error["code"] == ERRORS[name]["code"], error
    assert error["message"], "an error without words"
    validate(error["data"], {"$ref": f"#/components/schemas/Error_{name}"}, f"data of {name}")
    general = {"INVALID_PARAMS", "METHOD_NOT_FOUND", "INVALID_REQUEST", "PARSE_ERROR", "INTERNAL",
               "UNAVAILABLE"}  # fmt: skip
    if method in METHODS and name not in general:
        allowed = {follow(e)["data"]["name"] for e in METHODS[method].get("errors", [])}
        assert name in allowed, f"{method} does not say that it may fail with {name}"


def check_reply(method, reply):
    if "error" in reply:
        check_error(reply["error"], method)
    else:
        check_result(method, reply["result"])
    return reply
