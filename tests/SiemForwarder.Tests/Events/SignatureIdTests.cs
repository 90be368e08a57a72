using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Applications;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events;

/// <summary>A signature id means one deed, and every format tells it.</summary>
public sealed class SignatureIdTests
{
    public static TheoryData<string> Formats() => [.. FormatSettings.Names];

    [Fact]
    public void NoIdMeansTwoThingsAndNothingHasTwoIds()
    {
        var deeds = KeycloakEventCatalog.Deeds.Concat(ApplicationEventCatalog.All)
            .Select(description => (Id: description.SignatureId ?? description.Type, Deed: (description.Type, description.Name)))
            .Distinct()
            .ToList();

        Assert.True(deeds.Count > 350);
        Assert.Empty(deeds.GroupBy(deed => deed.Id).Where(group => group.Count() > 1).Select(group => string.Join(" = ", group)));
        Assert.Empty(deeds.GroupBy(deed => deed.Deed).Where(group => group.Count() > 1).Select(group => string.Join(" = ", group)));
    }

    [Fact]
    public void EveryIdIsItsTypeOrBeginsWithIt() =>
        Assert.All(KeycloakEventCatalog.Deeds, deed => Assert.Matches($"^{deed.Type}(:[a-z][a-z-]*)?$", deed.SignatureId ?? deed.Type));

    [Theory]
    [MemberData(nameof(Formats))]
    public void EveryFormatTellsAUserDisabledFromAUserUpdated(string format)
    {
        var disabled = FormatSettings.Text(FormatSettings.Write(format, Update("""{"enabled":false}""")));
        var updated = FormatSettings.Text(FormatSettings.Write(format, Update("""{"email":"a@example.org","enabled":false}""")));

        Assert.Contains("UPDATE-USER:disable", disabled, StringComparison.Ordinal);
        Assert.DoesNotContain("UPDATE-USER:", updated, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cef", "|UPDATE-USER:disable|")]
    [InlineData("leef", "|UPDATE-USER:disable|x09|")]
    [InlineData("json", "\"signature_id\":\"UPDATE-USER:disable\"")]
    [InlineData("cim", "\"signature_id\":\"UPDATE-USER:disable\"")]
    [InlineData("ecs", "\"signature_id\":\"UPDATE-USER:disable\"")]
    [InlineData("ocsf", "\"signature_id\":\"UPDATE-USER:disable\"")]
    [InlineData("udm", "\"signature_id\":\"UPDATE-USER:disable\"")]
    [InlineData("raw", "\"signature_id\":\"UPDATE-USER:disable\"")]
    [InlineData("asim", "\"EventOriginalSubType\":\"UPDATE-USER:disable\"")]
    [InlineData("syslog-5424", " signatureId=\"UPDATE-USER:disable\"")]
    public void TheIdStandsInAFieldOfItsOwn(string format, string field) =>
        Assert.Contains(field, FormatSettings.Text(FormatSettings.Write(format, Update("""{"enabled":false}"""))), StringComparison.Ordinal);

    private static SecurityEvent Update(string representation) => Some.Normalized(EventStream.Admin, JsonSerializer.Serialize(new
    {
        id = "e1", time = 1789041620000, operationType = "UPDATE", resourceType = "USER", resourcePath = "users/u1", representation,
    }));
}
