"""How the programme goes: who entered, who left where, and how enrolment keeps pace."""
