"""Kill, stop and restart real servers under load, and check what is left of the history.

``pytest -m faults`` runs the short form, ``FAULTS_LONG=1 pytest -m faults`` the long one; ``sizes``
says what each of them does. What was measured is shown at the end and, as soon as it is known,
written to the file that ``FAULTS_REPORT`` names.
"""
