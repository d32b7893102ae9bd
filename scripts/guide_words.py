"""What the guides say of a check, a reason or an exit code: (English cells, French cells)."""

from collections.abc import Mapping, Sequence

Words = Mapping[str, tuple[Sequence[str], Sequence[str]]]

WORDS: Words = {
    "command": (["Command"], ["Commande"]),
    "does": (["What it does"], ["Ce qu'elle fait"]),
    "options": (["Arguments and options"], ["Arguments et options"]),
    "code": (["Code"], ["Code"]),
    "means": (["Meaning"], ["Sens"]),
    "do": (["What to do"], ["Que faire"]),
    "sentence": (["What you read"], ["Ce que vous lisez"]),
    "check": (["Check"], ["Contrôle"]),
    "holds": (["Holds when"], ["Tient quand"]),
    "fails": (["If it fails"], ["S'il échoue"]),
    "stops": (["the run stops"], ["l'exécution s'arrête"]),
    "goes_on": (["the run goes on"], ["l'exécution continue"]),
    "reason": (["Reason"], ["Motif"]),
    "label": (["Label"], ["Libellé"]),
    "about": (["What it means for you"], ["Ce que cela veut dire pour vous"]),
    "folder": (["Folder"], ["Dossier"]),
    "source": (["Source"], ["Source"]),
    "provider": (["Provider"], ["Fournisseur"]),
    "sheet": (["Sheet"], ["Feuille"]),
    "column": (["Column (other headings read)"], ["Colonne (autres intitulés lus)"]),
    "required": (["Required"], ["Obligatoire"]),
    "values": (["Values"], ["Valeurs"]),
    "yes": (["yes"], ["oui"]),
    "table": (["Table"], ["Table"]),
    "title": (["What it says"], ["Ce qu'elle dit"]),
    "key": (["One row per"], ["Une ligne par"]),
    "columns": (["Columns"], ["Colonnes"]),
    "outcome": (["Outcome"], ["Résultat"]),
    "definition": (["Definition"], ["Définition"]),
    "horizons": (["Horizons (days)"], ["Horizons (jours)"]),
}

EXIT_CODES: Mapping[int, tuple[Sequence[str], Sequence[str]]] = {
    0: (
        ["done; rejected rows are normal life", "nothing"],
        ["terminé ; des lignes rejetées sont la vie ordinaire", "rien"],
    ),
    1: (
        [
            "a newest file was refused whole, a blocking check failed, or `agir doctor` found a "
            "fault; a release may have come out all the same",
            "read the sentence, replace the file or repair what it names, run again",
        ],
        [
            "un fichier récent a été refusé en entier, un contrôle bloquant a échoué, ou "
            "`agir doctor` a trouvé un défaut ; une publication a pu paraître quand même",
            "lire la phrase, remplacer le fichier ou réparer ce qu'elle nomme, relancer",
        ],
    ),
    2: (
        [
            "wrong command, settings or protocol; nothing was done",
            "correct what the sentence names",
        ],
        [
            "commande, réglages ou protocole erronés ; rien n'a été fait",
            "corriger ce que la phrase nomme",
        ],
    ),
    3: (
        [
            "database, disk, lock, every source out of reach, or a fault nobody foresaw",
            "run `agir doctor`; wait for the other run; free some room; run again",
        ],
        [
            "base de données, disque, verrou, toutes les sources hors d'atteinte, ou erreur "
            "imprévue",
            "lancer `agir doctor` ; attendre la fin de l'autre exécution ; libérer de la place ; "
            "relancer",
        ],
    ),
    4: (
        [
            "a link that touches a beneficiary waits for your decision; nothing was published",
            "run `agir review`, answer in the workbook, hand it back with `--answers`, run again",
        ],
        [
            "un lien qui touche un bénéficiaire attend votre décision ; rien n'a été publié",
            "lancer `agir review`, répondre dans le classeur, le rendre avec `--answers`, relancer",
        ],
    ),
}

REPORT = (
    "an error of the program: leave everything as it is and tell the developers",
    "une erreur du programme : ne touchez à rien et prévenez les développeurs",
)

CHECKS: Words = {
    "withdrawals_find_somebody": (
        ["a withdrawal names a key that no list holds: correct it in the sheet `consents`"],
        ["un retrait nomme une clé qu'aucune liste ne contient : corrigez-la dans `consents`"],
    ),
    "keys_are_listed": (
        ["a row speaks of nobody on a list: ask its partner which person is meant"],
        ["une ligne ne parle de personne des listes : demandez au partenaire de qui il s'agit"],
    ),
    "answers_have_a_state": ([REPORT[0]], [REPORT[1]]),
    "states_are_known": (
        ["drop the survey's structure (`.lss`), and exports in answer codes"],
        ["déposez la structure de l'enquête (`.lss`), et des exports en codes de réponse"],
    ),
    "one_questionnaire": (
        ["the questionnaire changed while people answered: compare its versions before pooling"],
        ["le questionnaire a changé en route : comparez ses versions avant de réunir"],
    ),
    "files_are_kept": (
        ["a kept file was changed or deleted on the disk: restore `landing/` from the backup"],
        ["un fichier conservé a été modifié ou effacé du disque : restaurez `landing/`"],
    ),
    "has_arrived": (
        ["normal before the first delivery; later, ask the partner"],
        ["normal avant la première livraison ; plus tard, relancez le partenaire"],
    ),
    "rows_are_accounted_for": ([REPORT[0]], [REPORT[1]]),
    "last_delivery_was_read": (
        ["read the sentence, ask for a good file, drop it; the last good one stays in use"],
        ["lisez la phrase, redemandez le fichier, déposez-le ; le dernier bon reste en vigueur"],
    ),
    "no_row_was_rejected": (
        ["look at the rejected rows and send their places to the partner"],
        ["regardez les lignes rejetées et signalez leur place au partenaire"],
    ),
    "follows_the_file_before": (
        ["nothing was rejected for it; ask the partner which of the two files is right"],
        ["rien n'a été rejeté pour autant ; demandez au partenaire lequel des fichiers dit vrai"],
    ),
    "no_row_is_missing": (
        ["nothing was deleted: ask the partner, then say in the workbook of `agir review`"],
        ["rien n'a été supprimé : demandez au partenaire, puis répondez dans le classeur"],
    ),
    "corrections_are_applied": (
        ["look at `validated.correction_outcomes`, then correct or withdraw the decision"],
        ["regardez `validated.correction_outcomes`, puis corrigez ou retirez la décision"],
    ),
    "law_is_kept": (
        ["nothing was rejected: ask the partner whether the figure is right (`legal_findings`)"],
        ["rien n'a été rejeté : demandez au partenaire si le chiffre est juste (`legal_findings`)"],
    ),
    "decisions_are_followed": (
        ["a decision counts for nothing: name its author in `deciders`, or withdraw it"],
        ["une décision est sans effet : ajoutez son auteur à `deciders`, ou retirez-la"],
    ),
    "deliveries_are_as_before": (
        ["nothing was rejected: open `audit/data_docs/index.html`, then ask the partner"],
        ["rien n'a été rejeté : ouvrez `audit/data_docs/index.html`, demandez au partenaire"],
    ),
    "sources_agree": (
        ["nothing is chosen between them: look at `linked.contradictions`, ask both sources"],
        ["rien n'est tranché : regardez `linked.contradictions`, demandez aux deux sources"],
    ),
    "organisations_agree": (
        ["two organisations may be one: look at `linked.organisation_conflicts`, ask the source"],
        ["deux organismes n'en font peut-être qu'un : regardez `linked.organisation_conflicts`"],
    ),
    "one_person_each": ([REPORT[0]], [REPORT[1]]),
    "links_are_decided": (
        ["rows that fit several persons stay apart: answer in the workbook of `agir review`"],
        ["plusieurs personnes possibles : répondez dans le classeur d'`agir review`"],
    ),
    "decisions_hold": (
        ["correct the key in the sheet `links`, or withdraw one of the decisions that disagree"],
        ["corrigez la clé dans la feuille `links`, ou retirez l'une des décisions contraires"],
    ),
    "decisions_are_made": (
        ["run `agir review`, answer, hand the workbook back with `--answers`, run again"],
        ["lancez `agir review`, répondez, rendez le classeur avec `--answers`, relancez"],
    ),
    "data_tests_pass": (
        ["the old tables stand; look at what the newest files changed, then tell the developers"],
        ["les anciennes tables restent ; voyez les derniers fichiers, puis les développeurs"],
    ),
    "contract_holds": (
        ["the old tables stand; look at what the newest files changed, then tell the developers"],
        ["les anciennes tables restent ; voyez les derniers fichiers, puis les développeurs"],
    ),
    "somebody_is_matched": (
        ["normal before the first matching day; later, see why in `unmatched_beneficiaries`"],
        ["normal avant le premier tour ; ensuite, voyez pourquoi dans `unmatched_beneficiaries`"],
    ),
    "optimum_is_proved": ([REPORT[0]], [REPORT[1]]),
    "arms_are_alike": (
        ["the two groups differ more than the protocol allows: tell the evaluator; change nothing"],
        ["les groupes diffèrent plus que permis : prévenez l'évaluateur ; ne changez rien"],
    ),
    "an_effect_can_be_told": (
        ["too early: `evaluability` says from which day on"],
        ["trop tôt : `evaluability` dit à partir de quel jour"],
    ),
    "nothing_is_claimed": (
        ["the release comes out all the same: tell the evaluators, who find the row in `placebo`"],
        ["la publication paraît quand même : prévenez les évaluateurs (table `placebo`)"],
    ),
    "watched_share_is_kept": (
        ["tell the bearer: the people who enter are not those the study promised"],
        ["prévenez le porteur : les entrants ne sont pas le public annoncé"],
    ),
    "enough_are_contacted": (
        ["tell the bearer; `mobilisation_funnel` says how many are missing"],
        ["prévenez le porteur ; `mobilisation_funnel` dit combien il en manque"],
    ),
    "committees_keep_their_word": (
        ["tell the committee: `governance` says which month, gap and cases"],
        ["prévenez le comité : `governance` dit quel mois, quel écart, quels dossiers"],
    ),
    "release_is_whole": (
        ["restore the folder of the release from the backup, or move it away and run again"],
        ["restaurez le dossier de la publication, ou déplacez-le et relancez"],
    ),
    "no_identifying_column": (
        ["the protocol would let a name out: correct the column it names"],
        ["le protocole laisserait sortir une identité : corrigez la colonne nommée"],
    ),
}

REASONS: Words = {
    "withdrawn": (
        ["the person left the study (sheet `consents`): nothing of it is used"],
        ["la personne a quitté l'étude (feuille `consents`) : rien d'elle n'est utilisé"],
    ),
    "not_eligible": (
        ["age, place or contract outside the rules; check the row if you doubt it"],
        ["âge, lieu ou contrat hors des règles ; vérifiez la ligne en cas de doute"],
    ),
    "no_linked_contract": (
        ["no contract carries this person's identity: ask for it, or for the right spelling"],
        ["aucun contrat ne porte cette identité : demandez-le, ou la bonne orthographe"],
    ),
    "undecided_link": (
        ["two records may be one person: answer in the workbook of `agir review`"],
        ["deux fiches sont peut-être une personne : répondez dans le classeur d'`agir review`"],
    ),
    "waiting": (["nothing to do"], ["rien à faire"]),
    "stale_register": (
        ["ask for the newest register of contracts"],
        ["demandez le registre des contrats le plus récent"],
    ),
    "used_as_control": (
        ["this person was a control before being supported, and stays one"],
        ["cette personne a été témoin avant d'être accompagnée, et le reste"],
    ),
    "not_at_risk": (
        ["the contract had ended before the support began; check both dates"],
        ["le contrat était fini avant l'accompagnement ; vérifiez les deux dates"],
    ),
    "no_control_in_stratum": (
        ["no control has the same level and kind of contract: the lists need more people"],
        ["aucun témoin de même niveau et de même contrat : il faut élargir les listes"],
    ),
    "outside_caliper": (
        ["controls exist, none is near enough"],
        ["des témoins existent, aucun n'est assez proche"],
    ),
    "priced_out": (
        ["the near controls went to others"],
        ["les témoins proches sont allés à d'autres"],
    ),
    "already_supported": (
        ["supported by the index date, so no control there"],
        ["accompagnée à la date index, donc pas témoin à cette date"],
    ),
    "not_yet_listed": (
        ["on no list by the index date: lists that come earlier would help"],
        ["sur aucune liste à la date index : des listes plus précoces aideraient"],
    ),
    "not_yet_consented": (
        ["consent came after the index date"],
        ["consentement postérieur à la date index"],
    ),
    "not_entered": (
        ["the register names no day of entry into the support: ask for it"],
        ["le registre ne donne aucune date d'entrée en accompagnement : demandez-la"],
    ),
    "never_at_risk": (["nothing to do"], ["rien à faire"]),
    "not_chosen": (["the ordinary lot of most controls"], ["le sort ordinaire des témoins"]),
    "void_not_at_risk": (
        ["a later file says so: check the dates of the two contracts"],
        ["un fichier ultérieur le dit : vérifiez les dates des deux contrats"],
    ),
    "broken_by_withdrawal": (
        ["a member left the study: the pair is out of the effects and stays in the flow"],
        ["un membre a quitté l'étude : la paire sort des effets et reste dans le flux"],
    ),
    "broken_by_erasure": (
        ["a member was erased (`agir erase`): the pair is out of the effects"],
        ["un membre a été effacé (`agir erase`) : la paire sort des effets"],
    ),
    "replaced": (["reserved: nothing sets it yet"], ["réservé : rien ne le pose encore"]),
    "not_yet_evaluable": (
        ["time will tell: see `evaluability`"],
        ["il faut attendre : voyez `evaluability`"],
    ),
    "unknown": (
        ["the pair's contract is not in the source this outcome reads"],
        ["le contrat de la paire n'est pas dans la source lue par ce résultat"],
    ),
    "not_due": (["nothing to do yet"], ["rien à faire encore"]),
    "in_part": (
        ["remind the person while the window is open"],
        ["relancez la personne tant que la fenêtre est ouverte"],
    ),
    "out_of_window": (
        ["nothing to do: the answer is kept, and counts in no wave"],
        ["rien à faire : la réponse est gardée et ne compte dans aucune vague"],
    ),
    "no_contact": (
        ["nothing to do: nobody asks without consent"],
        ["rien à faire : personne n'est interrogé sans accord"],
    ),
    "silent": (["remind the person"], ["relancez la personne"]),
    "no_answer": (["remind the person"], ["relancez la personne"]),
    "no_value": (["ask for the missing figure"], ["demandez le chiffre manquant"]),
}
