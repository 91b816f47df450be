"""OGC API Features at /ogc: thôn, 5G, places and households still to visit as layers for QGIS and other maps."""
