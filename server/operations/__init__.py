"""What runs beside the work: health, figures for Prometheus, logs, outages, the doctor, backup and restore."""
