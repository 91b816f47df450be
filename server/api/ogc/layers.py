"""All layers, in the order in which programs list them."""

from collections.abc import Mapping

from server.api.ogc import household_layers, signal_layers, village_layer
from server.api.ogc.map_layer import MapLayer

LAYERS: Mapping[str, MapLayer] = {
    layer.name: layer
    for layer in (
        village_layer.LAYER,
        signal_layers.SQUARES,
        signal_layers.PLACES_LAYER,
        household_layers.POINTS,
        household_layers.TASKS,
    )
}
