"""Workspace: mails, events and files are typed already; a day is a date."""

from benchmarks.agentdojo.injections import ground_truth
from benchmarks.agentdojo.records import CONTACT, EVENT, FILE, MAIL, a_list
from state.schema import Json, JsonSchema

__all__ = ["OUTPUT_SCHEMAS", "adapt", "ground_truth"]

OUTPUT_SCHEMAS: dict[str, JsonSchema] = {
    "get_current_day": {"type": "string", "format": "date"},
    **dict.fromkeys(
        (
            "get_unread_emails",
            "get_sent_emails",
            "get_received_emails",
            "get_draft_emails",
            "search_emails",
        ),
        a_list(MAIL),
    ),
    "send_email": MAIL,
    **dict.fromkeys(("search_contacts_by_name", "search_contacts_by_email"), a_list(CONTACT)),
    **dict.fromkeys(("search_calendar_events", "get_day_calendar_events"), a_list(EVENT)),
    **dict.fromkeys(
        ("create_calendar_event", "reschedule_calendar_event", "add_calendar_event_participants"), EVENT
    ),
    **dict.fromkeys(("search_files_by_filename", "search_files", "list_files"), a_list(FILE)),
    **dict.fromkeys(("get_file_by_id", "create_file", "append_to_file", "delete_file", "share_file"), FILE),
}


def adapt(_name: str, output: Json) -> Json:
    """What the tool gave, as its output schema says."""
    return output
