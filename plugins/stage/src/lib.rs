//! The 3D twin: sky, terrain, buildings, roads, water, camera, picking, stills
