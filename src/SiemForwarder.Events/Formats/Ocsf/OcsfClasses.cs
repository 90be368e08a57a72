namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>The OCSF classes of Keycloak's events, and the captions of their activities (OCSF 1.8.0 and 1.9.0, <c>events/</c>).</summary>
internal static class OcsfClasses
{
    public const int DetectionFinding = 2004;
    public const int AccountChange = 3001;
    public const int Authentication = 3002;
    public const int EntityManagement = 3004;
    public const int UserAccess = 3005;
    public const int GroupManagement = 3006;
    public const int UserManagement = 3007;
    public const int RoleManagement = 3008;
    public const int ApiActivity = 6003;

    public const int Other = 99;

    private static readonly string[] Authentications =
        ["Unknown", "Logon", "Logoff", "Authentication Ticket", "Service Ticket Request", "Service Ticket Renew", "Preauth", "Account Switch"];

    private static readonly string[] AccountChanges =
    [
        "Unknown", "Create", "Enable", "Password Change", "Password Reset", "Disable", "Delete", "Attach Policy", "Detach Policy", "Lock",
        "MFA Factor Enable", "MFA Factor Disable", "Unlock",
    ];

    private static readonly string[] Entities =
    [
        "Unknown", "Create", "Read", "Update", "Delete", "Move", "Enroll", "Unenroll", "Enable", "Disable", "Activate", "Deactivate", "Suspend", "Resume",
    ];

    private static readonly string[] Accesses = ["Unknown", "Assign Privileges", "Revoke Privileges"];

    private static readonly string[] Groups =
    [
        "Unknown", "Assign Privileges", "Revoke Privileges", "Add User", "Remove User", "Delete", "Create", "Add Subgroup", "Remove Subgroup", "Update",
        "Attach Policies", "Detach Policies", "Assign Roles", "Revoke Roles",
    ];

    private static readonly string[] Users =
    [
        "Unknown", "Create", "Update", "Delete", "Enable", "Disable", "Lock", "Unlock", "Password Change", "Password Reset", "Attach Policies",
        "Detach Policies",
        "MFA Factor Enable", "MFA Factor Disable", "Assign Privileges", "Revoke Privileges", "Assign Roles", "Revoke Roles",
    ];

    private static readonly string[] Activities = ["Unknown", "Create", "Read", "Update", "Delete"];

    private static readonly string[] Findings = ["Unknown", "Create", "Update", "Close"];

    private static readonly string[] Roles = ["Unknown", "Create", "Update", "Delete"];

    public static int Category(int classUid) => classUid / 1000;

    public static string Name(int classUid) => classUid switch
    {
        DetectionFinding => "Detection Finding",
        AccountChange => "Account Change",
        Authentication => "Authentication",
        EntityManagement => "Entity Management",
        UserAccess => "User Access Management",
        GroupManagement => "Group Management",
        UserManagement => "User Management",
        RoleManagement => "Role Management",
        _ => "API Activity",
    };

    public static ReadOnlySpan<byte> CategoryName(int classUid) => classUid switch
    {
        DetectionFinding => "Findings"u8,
        ApiActivity => "Application Activity"u8,
        _ => "Identity & Access Management"u8,
    };

    /// <summary>The caption of an activity, or its own name if it is not a standard one.</summary>
    public static string Activity(OcsfActivity activity)
    {
        var captions = activity.ClassUid switch
        {
            DetectionFinding => Findings,
            AccountChange => AccountChanges,
            Authentication => Authentications,
            EntityManagement => Entities,
            UserAccess => Accesses,
            GroupManagement => Groups,
            UserManagement => Users,
            RoleManagement => Roles,
            _ => Activities,
        };
        return activity.ActivityName is { Length: > 0 } name ? name : activity.ActivityId < captions.Length ? captions[activity.ActivityId] : "Other";
    }
}
