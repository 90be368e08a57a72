using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>Writes the targets other than users: entity, group, role, privileges, authentication factors, API, destination.</summary>
internal static class OcsfTargets
{
    public static void Write(SecurityEvent securityEvent, OcsfActivity activity, JsonMembers json, bool isVersion19, bool includeRepresentation)
    {
        switch (activity.ClassUid)
        {
            case OcsfClasses.EntityManagement:
                OcsfEntity.Write(securityEvent, json, includeRepresentation);
                break;
            case OcsfClasses.UserAccess:
            case OcsfClasses.UserManagement:
                WritePrivileges(securityEvent, activity, json);
                break;
            case OcsfClasses.GroupManagement:
                WriteGroup(securityEvent, activity, json, isVersion19);
                break;
            case OcsfClasses.RoleManagement:
                json.Open("iam_role"u8);
                json.Identity("name"u8, securityEvent.Admin?.ResourceName ?? securityEvent.Admin?.ResourceId ?? "unknown");
                json.Text("uid"u8, securityEvent.Admin?.ResourceId);
                json.Close();
                break;
            case OcsfClasses.ApiActivity:
                json.Open("api"u8);
                json.Identity("operation"u8, securityEvent.Type);
                json.Open("service"u8);
                json.Text("name"u8, "keycloak"u8, Worth.Caption);
                json.Close();
                json.Close();
                WriteImpersonated(securityEvent, json);
                break;
        }

        if (activity.ClassUid is OcsfClasses.Authentication or OcsfClasses.AccountChange or OcsfClasses.UserManagement)
        {
            WriteFactors(EventDetails.Find(securityEvent.Details, "credential_type"), json);
        }

        if (activity.ClassUid is OcsfClasses.Authentication or OcsfClasses.ApiActivity && securityEvent.Source.Host.Length > 0 && !json.IsScarce)
        {
            json.Open("dst_endpoint"u8, Worth.Context);
            json.Text("hostname"u8, securityEvent.Source.Host);
            json.Text("svc_name"u8, "keycloak"u8);
            json.Close();
        }
    }

    // The class has no user other than the one who acts.
    private static void WriteImpersonated(SecurityEvent securityEvent, JsonMembers json)
    {
        if (securityEvent.Kind != EventKind.User || securityEvent.Subject is not { } user || user == securityEvent.Actor || json.IsScarce)
        {
            return;
        }

        json.OpenList("resources"u8);
        json.OpenItem();
        json.Text("type"u8, "User"u8);
        json.Text("uid"u8, user.Id);
        json.Text("name"u8, user.Name);
        json.Close();
        json.Close();
    }

    private static void WriteGroup(SecurityEvent securityEvent, OcsfActivity activity, JsonMembers json, bool isVersion19)
    {
        const int AddSubgroup = 7;
        var admin = securityEvent.Admin;
        // The class expects the parent group in "group", and the new one in "subgroup".
        var isSubgroup = activity.ActivityId == AddSubgroup;
        var id = admin is null ? [] : isSubgroup ? AdminGroups.ParentId(admin) : AdminGroups.Id(admin);
        var name = admin is null ? null : AdminGroups.Name(admin);
        json.Open("group"u8);
        if (id.IsEmpty)
        {
            json.Identity("name"u8, name ?? "unknown");
        }
        else
        {
            json.Identity("uid"u8, id);
            json.Text("name"u8, isSubgroup ? null : name);
        }

        json.Close();
        if (isSubgroup && !string.IsNullOrEmpty(name ?? admin?.ResourceId) && !json.IsScarce)
        {
            json.Open("subgroup"u8);
            json.Text("uid"u8, admin?.ResourceId);
            json.Text("name"u8, name);
            json.Close();
        }

        WriteMember(securityEvent.Subject, json, isVersion19);
        if (AdminGroups.IsRoleMapping(admin))
        {
            WriteRoles(admin!.ResourceName, json, isVersion19);
        }
    }

    private static void WriteMember(EventParty? member, JsonMembers json, bool isVersion19)
    {
        if (member is null || json.IsScarce)
        {
            return;
        }

        if (isVersion19)
        {
            json.OpenList("users"u8);
            json.OpenItem();
        }
        else
        {
            json.Open("user"u8);
        }

        OcsfParties.WriteUser(member, "unknown", isAdministrator: false, json);
        json.Close();
        if (isVersion19)
        {
            json.Close();
        }
    }

    // Class 3005 of OCSF 1.8 requires privileges; for a consent these are the scopes.
    private static void WritePrivileges(SecurityEvent securityEvent, OcsfActivity activity, JsonMembers json)
    {
        var isRoleMapping = AdminGroups.IsRoleMapping(securityEvent.Admin);
        if (activity.ClassUid == OcsfClasses.UserManagement && isRoleMapping)
        {
            WriteRoles(securityEvent.Admin!.ResourceName, json, asRoles: true);
        }
        else if (activity.ClassUid == OcsfClasses.UserAccess || activity.ActivityId is 14 or 15)
        {
            var names = isRoleMapping ? securityEvent.Admin!.ResourceName : EventDetails.Find(securityEvent.Details, "scope");
            WriteRoles(string.IsNullOrEmpty(names) ? "unknown" : names, json, asRoles: false, isRoleMapping ? ", " : " ");
        }
    }

    private static void WriteRoles(ReadOnlySpan<char> names, JsonMembers json, bool asRoles, ReadOnlySpan<char> separator = default)
    {
        json.OpenList(asRoles ? "iam_roles"u8 : "privileges"u8);
        var isFirst = true;
        foreach (var range in names.Split(separator.IsEmpty ? ", " : separator))
        {
            var name = names[range];
            if (name.IsEmpty)
            {
                continue;
            }

            // The first one is always kept: class 3005 of OCSF 1.8 requires one.
            if (!asRoles)
            {
                json.Item(name, isFirst ? Worth.Core : Worth.Fact);
            }
            else if (!json.IsScarce)
            {
                json.OpenItem();
                json.Text("name"u8, name);
                json.Close();
            }

            isFirst = false;
        }

        json.Close();
    }

    private static void WriteFactors(string? credentialType, JsonMembers json)
    {
        if (string.IsNullOrEmpty(credentialType) || json.IsScarce)
        {
            return;
        }

        var type = credentialType switch { "password" => 11, "otp" => 7, "webauthn" or "webauthn-passwordless" => 10, "email" => 8, _ => 99 };
        json.OpenList("auth_factors"u8, Worth.Context);
        json.OpenItem();
        json.Number("factor_type_id"u8, type);
        json.Text("factor_type"u8, type switch { 11 => "Password", 7 => "OTP", 10 => "WebAuthn", 8 => "Email", _ => credentialType });
        json.Close();
        json.Close();
    }
}
