"""What the pages show, a file or folder for each; no view imports another page's.

Knows nothing of how anything is computed.

Public: adaptive, audit, chat, curves, discover, equal_cost, generations, home, library,
overview_steered, similarity, studies, studies_behaviour, studies_deception, studies_operators,
studies_runner, studies_vectors, training, vector.
"""
