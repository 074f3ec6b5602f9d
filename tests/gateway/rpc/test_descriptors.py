import pytest
from atelier.v1 import style_pb2_grpc, upscale_pb2_grpc  # noqa: F401 - importing registers the services
from atelier_rpc.descriptors import descriptor_set
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool


def test_the_set_can_be_loaded_into_an_empty_pool_in_its_own_order() -> None:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(descriptor_set("atelier.v1.StyleService")).file:
        pool.AddSerializedFile(file.SerializeToString())  # type: ignore[no-untyped-call]
    service = pool.FindServiceByName("atelier.v1.StyleService")  # type: ignore[no-untyped-call]
    assert [method.name for method in service.methods] == ["Grade", "Grain", "SkinTone", "Apply"]


def test_the_set_holds_the_service_and_what_it_imports_and_nothing_else() -> None:
    names = {file.name for file in FileDescriptorSet.FromString(descriptor_set("atelier.v1.UpscaleService")).file}
    assert "atelier/v1/upscale.proto" in names
    assert "google/api/field_behavior.proto" in names
    assert "atelier/v1/style.proto" not in names


def test_validation_rules_survive() -> None:
    files = FileDescriptorSet.FromString(descriptor_set("atelier.v1.UpscaleService")).file
    upscaling = next(m for file in files for m in file.message_type if m.name == "Upscaling")
    scale = next(field for field in upscaling.field if field.name == "scale")
    assert scale.options.ByteSize() > 0


def test_every_file_comes_once_and_after_its_imports() -> None:
    seen: list[str] = []
    for file in FileDescriptorSet.FromString(descriptor_set("atelier.v1.StyleService")).file:
        assert set(file.dependency) <= set(seen)
        assert file.name not in seen
        seen.append(file.name)


def test_a_service_without_imported_stubs_is_named() -> None:
    with pytest.raises(LookupError, match=r"example\.v1\.NobodyService"):
        descriptor_set("example.v1.NobodyService")
