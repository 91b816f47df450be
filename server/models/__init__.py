"""All tables, in one place for migrations and for those who query."""

from server.models.backchecks import Backcheck, BackcheckDraw
from server.models.boundaries import BoundaryImport, BoundaryUpload, OutlineBefore
from server.models.bundles import BundleSigner, BundleSource
from server.models.changes import Change, FeedStart
from server.models.checks import CheckSetting, FillLogFigures, Interview, SettledPattern
from server.models.demonstration import Demonstration
from server.models.difficulties import Difficulty, DifficultyStep
from server.models.drafts import DraftFile, DraftSubmission, FormCommune, FormDraft
from server.models.entities import Entity, EntityAct, EntityList, EntityVersion, HouseholdImport
from server.models.export_settings import ExportSetting
from server.models.forms import Form, FormFile, FormVersion, IndexedQuestion, Indicator
from server.models.hooks import Hook, HookDelivery
from server.models.made_files import MadeFile, MadeFilePiece
from server.models.pay import PayRates, PaySheet
from server.models.people import (
    ApiToken,
    Audit,
    Collector,
    CollectorVillage,
    Device,
    DeviceForm,
    FailedSignIns,
    OldKey,
    Person,
    PersonSession,
    Role,
    SignInTry,
)
from server.models.places import Commune, Village, VillageFigure
from server.models.plans import Plan, ReportedValue, Target, Task, TaskUpdate
from server.models.posters import JudgedSelfAnswers, Poster
from server.models.privacy import BinnedRecord, Breach, HeldRecords, PrivacyRequest, Tombstone
from server.models.review import HeldShare, ReviewRule
from server.models.samples import SampledHousehold, SampleDraw, VillageSample
from server.models.shared_links import SharedLink
from server.models.snapshots import Snapshot
from server.models.submissions import (
    Attachment,
    Finding,
    Submission,
    SubmissionReview,
    Tally,
    TallyDay,
    TallyMonth,
)
from server.models.table_drafts import TableDraft
from server.models.walking import WalkingArea, WalkingHousehold, WalkingMember

__all__ = [
    "ApiToken",
    "Attachment",
    "Audit",
    "Backcheck",
    "BackcheckDraw",
    "BinnedRecord",
    "BoundaryImport",
    "BoundaryUpload",
    "Breach",
    "BundleSigner",
    "BundleSource",
    "Change",
    "CheckSetting",
    "Collector",
    "CollectorVillage",
    "Commune",
    "Demonstration",
    "Device",
    "DeviceForm",
    "Difficulty",
    "DifficultyStep",
    "DraftFile",
    "DraftSubmission",
    "Entity",
    "EntityAct",
    "EntityList",
    "EntityVersion",
    "ExportSetting",
    "FailedSignIns",
    "FeedStart",
    "FillLogFigures",
    "Finding",
    "Form",
    "FormCommune",
    "FormDraft",
    "FormFile",
    "FormVersion",
    "HeldRecords",
    "HeldShare",
    "Hook",
    "HookDelivery",
    "HouseholdImport",
    "IndexedQuestion",
    "Indicator",
    "Interview",
    "JudgedSelfAnswers",
    "MadeFile",
    "MadeFilePiece",
    "OldKey",
    "OutlineBefore",
    "PayRates",
    "PaySheet",
    "Person",
    "PersonSession",
    "Plan",
    "Poster",
    "PrivacyRequest",
    "ReportedValue",
    "ReviewRule",
    "Role",
    "SampleDraw",
    "SampledHousehold",
    "SettledPattern",
    "SharedLink",
    "SignInTry",
    "Snapshot",
    "Submission",
    "SubmissionReview",
    "TableDraft",
    "Tally",
    "TallyDay",
    "TallyMonth",
    "Target",
    "Task",
    "TaskUpdate",
    "Tombstone",
    "Village",
    "VillageFigure",
    "VillageSample",
    "WalkingArea",
    "WalkingHousehold",
    "WalkingMember",
]
