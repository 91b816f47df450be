"""What OWSLib, as it is installed, gets from the layers: run by its own Python, writes JSON of each call."""

import json
import sys

from owslib.ogcapi.features import Features

url, key = sys.argv[1:]
service = Features(url, headers={"Authorization": f"Token {key}"})
told: dict = {
    "layers": sorted(service.feature_collections()),
    "classes": service.conformance()["conformsTo"],
    "openapi": service.api()["openapi"],
    "queryables": sorted(service.collection_queryables("thon")["properties"]),
}
pages = [service.collection_items("thon", limit=4, offset=offset) for offset in (0, 4)]
told["codes"] = [each["properties"]["code"] for page in pages for each in page["features"]]
told["matched"] = [page["numberMatched"] for page in pages]
first = pages[0]["features"][0]
alone = service.collection_item("thon", first["id"])
told["one"] = all(alone[name] == first[name] for name in ("id", "geometry", "properties"))
told["named"] = service.collection_items("thon", code=told["codes"][1])["numberMatched"]
told["filtered"] = service.collection_items("thon", filter="commune = '11629' AND households > 0")[
    "numberMatched"
]
told["nowhere"] = service.collection_items("thon", bbox=[0, 0, 1, 1])["features"]
sys.stdout.write(json.dumps(told))
