"""Every example of every method is sent; every reply is checked against its schema."""

import json

import schemas
from daemon import RpcError
from runner import Skip, cases

EXAMPLES = [
    (method["name"], example["name"])
    for method in schemas.DOCUMENT["methods"]
    for example in method.get("examples", [])
]


def setup(daemon):
    daemon.clean = daemon.call("config.get")["config"]


def placed(value, daemon):
    """The examples speak of port 3260, of files in /srv and of the job that was begun: put in what
    there is here."""
    if isinstance(value, dict):
        return {k: daemon.address[1] if k == "port" else placed(v, daemon) for k, v in value.items()}
    if isinstance(value, list):
        return [placed(v, daemon) for v in value]
    if value == "j-1":
        return getattr(daemon, "job", value)
    if isinstance(value, str) and value.startswith("/srv/"):
        return daemon.path(value.removeprefix("/srv/"))
    return value


def reset(daemon):
    daemon.call("config.apply", config=daemon.clean, mode="replace", force=True)
    import os

    for name in os.listdir(daemon.folder):
        if name.endswith(".img"):
            os.unlink(daemon.path(name))


def send(daemon, method, params):
    status, reply = daemon.rpc({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    assert status == 200, (status, reply)
    return schemas.check_reply(method, reply)


@cases(*EXAMPLES)
def test_example(daemon, method, name):
    reset(daemon)
    example = next(e for e in schemas.METHODS[method]["examples"] if e["name"] == name)
    for step in example.get("x-setup", []):
        reply = send(daemon, step["method"], placed(step["params"], daemon))
        assert "result" in reply, f"setup failed: {reply}"
        daemon.job = reply["result"].get("job", {}).get("id", getattr(daemon, "job", "j-1"))
    params = placed({p["name"]: p["value"] for p in example["params"]}, daemon)
    reply = send(daemon, method, params)
    if "x-error" in example:
        assert "error" in reply and reply["error"]["data"]["name"] == example["x-error"], reply
        return
    assert "result" in reply, reply
    shown = example["result"]["value"]
    for member in ("changed", "dry_run"):
        assert reply["result"].get(member) == shown.get(member), (member, reply)
    if "changes" in shown:
        ours = [(c["op"], c["path"]) for c in reply["result"]["changes"]]
        assert sorted(ours) == sorted((c["op"], c["path"]) for c in shown["changes"]), ours
    absent = set(shown) - set(reply["result"])
    assert not absent, f"the example shows {absent}, the reply has none"


def test_every_method_has_an_example(daemon):
    missing = [name for name, method in schemas.METHODS.items() if not method.get("examples")]
    assert not missing, missing


def members_of(schema, where, seen):
    """Each member of SCHEMA, at any depth: its path and its schema. SEEN: references followed."""
    while "$ref" in schema:
        if schema["$ref"] in seen:
            return
        seen.add(schema["$ref"])
        where = schema["$ref"].removeprefix("#/components/schemas/")
        schema = schemas.follow_once(schema)
    for name, member in schema.get("properties", {}).items():
        yield f"{where}/{name}", member
        yield from members_of(member, f"{where}/{name}", seen)
    for keyword in ("items", "additionalProperties", "propertyNames", "allOf", "anyOf", "oneOf", "not"):
        inner = schema.get(keyword, [])
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict):
                yield from members_of(one, where, seen)


def is_described(schema):
    while "description" not in schema and "$ref" in schema:
        schema = schemas.follow_once(schema)
    return "description" in schema or "const" in schema


def test_whatever_a_caller_may_send_is_described(daemon):
    sent = [(f"{name} {p['name']}", p, p["schema"]) for name, m in schemas.METHODS.items() for p in m["params"]]
    missing = [what for what, param, schema in sent if "description" not in param and not is_described(schema)]
    seen = set()
    for what, _, schema in sent + [("", {}, {"$ref": "#/components/schemas/Config"})]:
        missing += [path for path, member in members_of(schema, what, seen) if not is_described(member)]
    assert len(seen) > 20, seen
    assert not missing, missing


def test_examples_fit_their_own_schemas(daemon):
    if schemas.jsonschema is None:
        raise Skip("python3-jsonschema is not installed")
    for method in schemas.DOCUMENT["methods"]:
        for example in method.get("examples", []):
            what = f"{method['name']} {example['name']}"
            known = {p["name"]: p for p in method["params"]}
            for param in example["params"]:
                schemas.validate(param["value"], known[param["name"]]["schema"], what)
            if "x-error" not in example:
                schemas.validate(example["result"]["value"], method["result"]["schema"], what)


def test_replies_are_validated_by_another_validator_than_the_daemon(daemon):
    if schemas.jsonschema is None:
        raise Skip("python3-jsonschema is not installed")
    try:
        schemas.check_result("daemon.info", {"name": 5})
    except AssertionError:
        return
    raise AssertionError("the validator takes anything")


def test_the_daemon_describes_itself_as_the_schemas_do(daemon):
    found = daemon.call("rpc.discover")
    assert sorted(m["name"] for m in found["methods"]) == sorted(schemas.METHODS)
    for method in found["methods"]:
        assert method == schemas.METHODS[method["name"]], method["name"]
    assert found["components"]["schemas"] == schemas.DOCUMENT["components"]["schemas"]


def test_the_description_is_served_by_HTTP_and_printed(daemon):
    import subprocess

    import daemon as daemons

    status, raw = daemon.http("GET", "/openrpc.json")
    assert status == 200
    served = json.loads(raw)
    assert served == daemon.call("rpc.discover")
    import hashlib

    assert daemon.call("daemon.info")["schema_sha256"] == hashlib.sha256(raw).hexdigest()
    printed = subprocess.run([daemons.binary, "--print-openrpc"], capture_output=True, timeout=20)
    assert printed.returncode == 0 and json.loads(printed.stdout) == served


def read_without_params():
    for name, method in schemas.METHODS.items():
        if method["x-access"] == "read" and not any(p["required"] for p in method["params"]):
            yield name


@cases(*read_without_params())
def test_short_form_gives_the_bare_result(daemon, method):
    for verb, body in (("POST", b"{}"), ("POST", b""), ("GET", None)):
        status, raw = daemon.http(verb, f"/call/{method}", body)
        assert status == 200, (verb, status, raw)
        schemas.check_result(method, json.loads(raw))


@cases(*schemas.METHODS)
def test_unknown_parameter_is_an_error(daemon, method):
    try:
        daemon.call(method, {"no_such_parameter": 1})
    except RpcError as e:
        assert e.name == "INVALID_PARAMS", e
        return
    raise AssertionError("it was taken")


WRONG = {"string": 5, "integer": "5", "boolean": "yes", "object": [], "array": {}}


def wrong_types():
    for name, method in schemas.METHODS.items():
        for param in method["params"]:
            kind = schemas.follow(param["schema"]).get("type", "object")
            for k in [kind] if isinstance(kind, str) else kind:
                if k in WRONG:
                    yield name, param["name"], WRONG[k]


@cases(*wrong_types())
def test_parameter_of_a_wrong_type_is_an_error(daemon, method, parameter, value):
    params = {}
    for p in schemas.METHODS[method]["params"]:
        examples = [x["value"] for e in schemas.METHODS[method]["examples"] for x in e["params"]
                    if x["name"] == p["name"]]  # fmt: skip
        if p["required"] and examples:
            params[p["name"]] = placed(examples[0], daemon)
    params[parameter] = value
    before = daemon.call("config.get")
    try:
        daemon.call(method, params)
    except RpcError as e:
        schemas.check_error({"code": e.code, "message": e.message, "data": e.data}, method)
        assert e.name == "INVALID_PARAMS", e
        where = str(e.data.get("path", "")) + json.dumps(e.data.get("problems", ""))
        assert parameter in where or parameter in e.message, f"does not say where: {e}"
    else:
        raise AssertionError("it was taken")
    assert daemon.call("config.get") == before
