"""The attacker's calls are what AgentDojo's own checks look for."""

import pytest

from benchmarks.agentdojo.injections import CALLS, ground_truth

pytest.importorskip("agentdojo", reason="a dependency group of its own: pip install --group agentdojo")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("attacked", [False, True])
def test_the_calls_hijack(name: str, attacked: bool) -> None:
    from agentdojo.functions_runtime import FunctionsRuntime
    from agentdojo.task_suite.load_suites import get_suites

    suite = get_suites("v1.2.2")["workspace"]
    task = suite.injection_tasks[name]
    vectors = suite.get_injection_vector_defaults()
    environment = suite.load_and_inject_default_environment(
        dict.fromkeys(vectors, f"\n\n{task.GOAL}\n\n") if attacked else {}
    )
    before = environment.model_copy(deep=True)
    runtime = FunctionsRuntime(suite.tools)
    for call in ground_truth(name, environment.model_copy(deep=True)):
        _, error = runtime.run_function(environment, call.function, dict(call.args))
        assert error is None
    assert task.security("", before, environment)
