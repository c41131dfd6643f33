"""Reports of a plan: the clinician's page, the patient's leaflet, the consent form, and their figures."""
