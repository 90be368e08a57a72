using System.Text.RegularExpressions;
using SiemForwarder.Events;
using SiemForwarder.Events.Applications;
using SiemForwarder.Events.Formats.Ocsf;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Tests.Events.Applications;

/// <summary>The names beyond Keycloak's are listed once each, apart from Keycloak's, with all that people and SIEMs need.</summary>
public sealed partial class ApplicationEventCatalogTests
{
    private const string Promised = """
        transaction.created transaction.verified transaction.denied transaction.expired
        certificate.issued certificate.renewed certificate.expired certificate.revoked certificate.validation_failed
        key.generated key.accessed key.rotated key.destroyed mtls.handshake ssh_key.authentication
        account.owner_changed account.provisioned account.requires_renewal account.secret_changed account.end_of_life
        group.disabled_externally user.external_found user.synced user.disabled_by_sync
        provision.approval_changed provision.state_changed provision.template_changed request.state_changed worker.access_error audit
        CONFIGURATION_CHANGED OPERATOR_ACTION ACCESS_REFUSED
        """;

    [Fact]
    public void EveryPromisedNameIsListedOnceAndNoOther() =>
        Assert.Equal(
            Promised.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            ApplicationEventCatalog.All.Select(description => description.Type).Order(StringComparer.Ordinal));

    [Fact]
    public void NoTypeOfTheWholeCatalogueIsMappedTwice()
    {
        var types = EventCatalog.All.Select(description => description.Type).ToList();

        Assert.Equal(types.Count, types.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.Equal(KeycloakEventCatalog.All.Count + ApplicationEventCatalog.All.Count + 1, types.Count);
        Assert.All(ApplicationEventCatalog.All, description => Assert.Null(KeycloakEventCatalog.FindUser(description.Type)));
    }

    [Fact]
    public void EveryRowHasANameASentenceAndClassesThatExist()
    {
        foreach (var row in ApplicationEventCatalog.All)
        {
            Assert.Matches("^[A-Z][A-Za-z0-9 -]{3,60}$", row.Name);
            Assert.Matches(@"^[A-Z].{9,}\.$", row.Summary);
            Assert.Equal((EventKind.Application, true), (row.Kind, row.IsKnown));
            Assert.InRange(row.Severity, 0, 10);
            Assert.InRange(row.FailureSeverity, row.Severity, 10);
            Assert.Contains(row.Category, (string[])["authentication", "iam", "configuration", "api"]);
            Assert.Equal(row.Category, row.Classification.EcsCategories[0]);
            Assert.InRange(row.Classification.Action.Length, 3, 63);
            foreach (var activity in new[] { row.Classification.Ocsf18, row.Classification.Ocsf19 })
            {
                // A caption of its own only for 99, else the schema's; one that the schema does not have shows as Other.
                Assert.Equal(activity.ActivityId == 99, activity.ActivityName is not null);
                Assert.NotEqual("Other", OcsfClasses.Activity(activity));
            }

            Assert.Matches(AsimName(), row.Classification.Asim);
            Assert.Equal(row.ObjectType is not null, row.Classification.Ocsf18.ClassUid == OcsfClasses.EntityManagement && row.Category != "iam"
                || row.Classification.Cim.Contains("object_category=", StringComparison.Ordinal) || row.Type == "certificate.validation_failed");
        }
    }

    [GeneratedRegex("^(Authentication|AuditEvent|UserManagement)/[A-Za-z]+$")]
    private static partial Regex AsimName();
}
