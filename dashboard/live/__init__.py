"""Live pictures: one pull of each watched camera, handed to every viewer as fMP4 over WebSocket (0058).

Not here: who may watch (``dashboard.access``), recording, which this never touches (``ingest``), and footage
(``dashboard.api.footage``). Live pictures prove nothing: their stamps are arrivals at the host.
"""
