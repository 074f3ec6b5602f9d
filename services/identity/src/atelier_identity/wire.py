"""This service's values as messages: the one place where the two meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier.v1 import identity_pb2, report_pb2

from atelier_identity.anchors import anchors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_identity.likeness import Likeness
    from atelier_identity.profile import StoredProfile


def profile(stored: StoredProfile) -> identity_pb2.Profile:
    """Return a profile as its owner may see it; its embedding stays here."""
    known = stored.profile
    encoder = known.references.encoder
    message = identity_pb2.Profile(
        id=stored.id,
        display_name=known.display_name,
        reference_count=known.reference_count,
        agreement=known.references.agreement,
        proportions=[
            identity_pb2.Proportion(
                feature=one.feature, value_interocular=one.value, deviation_interocular=one.deviation
            )
            for one in known.proportions
        ],
        skin_ita_degrees=known.ita_degrees,
        anchors=anchors(known),
        encoder=report_pb2.ModelUse(name=encoder.name, version=encoder.version, sha256=encoder.sha256),
        kept_reference_count=stored.kept_reference_count,
    )
    message.create_time.FromDatetime(stored.create_time)
    message.expire_time.FromDatetime(stored.expire_time)
    return message


def likeness(measured: Likeness) -> identity_pb2.Likeness:
    """Return how alike two faces are."""
    return identity_pb2.Likeness(
        similarity=measured.similarity,
        encoder_distance=measured.distance,
        false_accept_rate=measured.false_accept_rate,
        verdict=report_pb2.Verdict.Value(f"VERDICT_{measured.verdict.name}"),
        explanation=measured.explanation,
    )


def changes(
    targets: Mapping[str, float], before: Mapping[str, float], after: Mapping[str, float]
) -> list[identity_pb2.ProportionChange]:
    """Return how each proportion of `targets` changed."""
    return [
        identity_pb2.ProportionChange(
            feature=name,
            target_interocular=target,
            before_interocular=before[name],
            after_interocular=after[name],
        )
        for name, target in targets.items()
    ]
