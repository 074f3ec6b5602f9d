from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from atelier_models import catalogue
from atelier_models.targets import Running
from atelier_models.triton_config import config_text
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

if TYPE_CHECKING:
    from atelier_models.catalogue import Model

PARAMETERS = {"executor": "openvino", "threads": "2"}


def parsed(model: Model) -> model_config_pb2.ModelConfig:
    running = Running("python", on_gpu=False, triton=model.triton, parameters=PARAMETERS)
    return text_format.Parse(config_text(model, running), model_config_pb2.ModelConfig())


@pytest.mark.parametrize("name", list(catalogue.load().models))
def test_the_configuration_holds_the_whole_contract(name: str) -> None:
    model = catalogue.load().models[name]
    config = parsed(model)
    border = {value.name: tuple(value.dims) for value in (*config.input, *config.output)}
    types = {value.data_type for value in (*config.input, *config.output)}
    assert (config.name, config.backend, config.max_batch_size) == (name, "python", model.triton.max_batch)
    assert (border, types) == (model.shapes, {model_config_pb2.TYPE_FP32})
    assert {key: value.string_value for key, value in config.parameters.items()} == PARAMETERS


def test_instances_run_on_the_processor_and_the_usual_batches_are_warmed_up() -> None:
    config = parsed(catalogue.load().models["person_segmenter"])
    assert [(group.count, group.kind) for group in config.instance_group] == [
        (1, model_config_pb2.ModelInstanceGroup.KIND_CPU)
    ]
    assert [warm_up.batch_size for warm_up in config.model_warmup] == [1, 2]
    assert all(tuple(warm_up.inputs["image"].dims) == (256, 256, 3) for warm_up in config.model_warmup)


def test_without_limits_there_is_no_queue_policy_at_all() -> None:
    batching = parsed(catalogue.load().models["iris"]).dynamic_batching
    assert (list(batching.preferred_batch_size), batching.max_queue_delay_microseconds) == ([4, 8], 0)
    assert (batching.HasField("default_queue_policy"), batching.priority_levels) == (False, 0)


def test_limits_and_priorities_are_written_where_they_are_set() -> None:
    model = catalogue.load().models["iris"]
    limits = dataclasses.replace(model.triton, queue_size=64, queue_timeout_milliseconds=1500, priorities=2)
    batching = parsed(dataclasses.replace(model, triton=limits)).dynamic_batching
    policy = batching.default_queue_policy
    assert (batching.priority_levels, batching.default_priority_level) == (2, 2)
    assert (policy.max_queue_size, policy.default_timeout_microseconds) == (64, 1_500_000)
    assert (policy.timeout_action, policy.allow_timeout_override) == (model_config_pb2.ModelQueuePolicy.REJECT, True)
