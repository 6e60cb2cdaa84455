"""The libav source: whatever else libav can open, through PyAV, as the access units that the native engine gives."""
