"""Maps: outlines and colours, folium pages, and the same drawings as still SVGs for paper."""
