// Maps of the province, loaded only when one is opened. Without tiles the communes' illustrative areas are the map.
import * as maplibregl from "maplibre-gl";

const NAME_HEIGHT = 22; // pixels that a name of a commune wants for itself
const NAME_WIDTH = 8; // and for each of its signs
const TINTS = ["#dfeaf5", "#e9f0e2", "#f3ecdc", "#e6e6f4", "#e0eeec"];
const PIN =
  '<svg viewBox="0 0 24 24"><path fill="currentColor" d="M12 2a8 8 0 0 0-8 8c0 5.5 8 12 8 12s8-6.5 8-12a8 8 0 0 0-8-8"/><circle cx="12" cy="10" r="3" fill="#fff"/></svg>';

/** Load a style sheet once. */
function styles(address) {
  return new Promise((done, fail) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = address;
    link.onload = done;
    link.onerror = fail;
    document.head.append(link);
  });
}

/** The box around all communes, as MapLibre wants it. */
function boundsOf(places) {
  const bounds = new maplibregl.LngLatBounds();
  for (const { properties } of places.features) bounds.extend(properties.at);
  return bounds;
}

function styleOf(places, tiles) {
  const coloured = { ...places, features: places.features.map((it, i) => ({ ...it, properties: { ...it.properties, tint: TINTS[i % TINTS.length] } })) };
  const areas = [
    { id: "area", type: "fill", source: "places", paint: { "fill-color": ["get", "tint"], "fill-opacity": tiles ? 0 : 1 } },
    { id: "edge", type: "line", source: "places", paint: { "line-color": tiles ? "#14508c" : "#ffffff", "line-opacity": tiles ? 0.25 : 1, "line-width": 1.5 } },
  ];
  const ground = { id: "ground", type: "background", paint: { "background-color": "#f2f6fa" } };
  return {
    version: 8,
    sources: {
      places: { type: "geojson", data: coloured },
      ...(tiles ? { tiles: { type: "raster", tiles: [tiles], tileSize: 256 } } : {}),
    },
    layers: [ground, ...(tiles ? [{ id: "tiles", type: "raster", source: "tiles" }] : []), ...areas],
  };
}

/** Names of communes as elements: fonts for a map's own lettering would be another download. Crowded ones hide. */
function names(map, places) {
  const labels = places.features.map(({ properties }) => {
    const element = document.createElement("div");
    element.className = "map-label";
    element.textContent = properties.name.replace(/^(Phường|Xã|Thị trấn|Đặc khu) /, "");
    element.setAttribute("aria-hidden", "true");
    element.hidden = true; // until the map is there and it is known which ones fit
    new maplibregl.Marker({ element }).setLngLat(properties.at).addTo(map);
    return { element, at: properties.at };
  });
  const thin = () => {
    const shown = [];
    for (const { element, at } of labels) {
      const point = map.project(at);
      const room = (element.textContent.length * NAME_WIDTH) / 2;
      const free = shown.every(
        (it) => Math.abs(it.x - point.x) > it.room + room || Math.abs(it.y - point.y) > NAME_HEIGHT,
      );
      element.hidden = !free;
      if (free) shown.push({ x: point.x, y: point.y, room });
    }
  };
  map.on("moveend", thin);
  map.on("load", thin);
}

/**
 * A map of the province in *element*. Its data attributes: `places` (address of the communes), `styles` (address of
 * the map's style sheet), `tiles` (address of raster tiles, may be empty), `label`, `zoom-in`, `zoom-out`.
 */
export async function provinceMap(element, options = {}) {
  const { places: address, tiles, styles: sheet, label, zoomIn, zoomOut } = element.dataset;
  const [places] = await Promise.all([fetch(address).then((it) => it.json()), styles(sheet)]);
  const map = new maplibregl.Map({
    container: element,
    style: styleOf(places, tiles),
    bounds: boundsOf(places),
    fitBoundsOptions: { padding: 24 },
    maxZoom: 18,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    cooperativeGestures: false,
    locale: { "Map.Title": label, "NavigationControl.ZoomIn": zoomIn, "NavigationControl.ZoomOut": zoomOut },
    ...options,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  if (!tiles) names(map, places);
  return { map, places };
}

/**
 * A map on which one point is chosen: *chosen* gets longitude, latitude and the commune's name. Returns what moves the
 * pin from outside, or takes it away without a point.
 */
export async function pinMap(element, start, chosen) {
  const { map } = await provinceMap(element);
  const holder = document.createElement("div");
  holder.className = "map-pin";
  holder.innerHTML = PIN;
  const pin = new maplibregl.Marker({ element: holder, anchor: "bottom" });
  const put = (longitude, latitude) => {
    if (longitude === undefined) return void pin.remove();
    pin.setLngLat([longitude, latitude]).addTo(map);
    if (!map.getBounds().contains([longitude, latitude])) map.easeTo({ center: [longitude, latitude] });
  };
  if (start) {
    put(...start);
    map.jumpTo({ center: start, zoom: 12 });
  }
  map.getCanvas().style.cursor = "crosshair";
  map.on("click", ({ lngLat, point }) => {
    const [area] = map.queryRenderedFeatures(point, { layers: ["area"] });
    chosen(lngLat.lng, lngLat.lat, area?.properties.name);
  });
  return put;
}
