using SiemForwarder.Destinations;

namespace SiemForwarder.EndToEnd.Receivers;

public sealed class RsyslogTests(RsyslogServer server) : SyslogServerContract(server), IClassFixture<RsyslogServer>
{
    [Fact]
    public async Task CefIsTakenApartAsWritten()
    {
        await using var destination = Open($"tcp://127.0.0.1:{server.CefPort}", SyslogFraming.OctetCounting);
        const string Header = "<84>1 2025-11-03T10:15:30.123456Z kc.example.com CEF - - - ";

        var outcome = await destination.SendAsync(
            Batches.Of([Header + @"CEF:0|SiemForwarder|Key\|cloak|1.0.0|LOGIN_ERROR|User login failed|4|suser=zoë\=ops src=192.0.2.10 cs1Label=realm cs1=prod|eu msg=Login failed\nC:\\path"]),
            Soon);

        Assert.IsType<DeliveryOutcome.Delivered>(outcome);
        var cef = (await server.ReadCefAsync(1, Soon))[0].GetProperty("tree").GetProperty("cef");
        Assert.Equal(
            ["SiemForwarder", "Key|cloak", "LOGIN_ERROR", "User login failed", "4"],
            new[] { "DeviceVendor", "DeviceProduct", "SignatureID", "Name", "Severity" }.Select(name => cef.GetProperty(name).GetString()));
        var extensions = cef.GetProperty("Extensions");
        Assert.Equal(
            ["zoë=ops", "192.0.2.10", "prod|eu", "Login failed\nC:\\path"],
            new[] { "suser", "src", "cs1", "msg" }.Select(name => extensions.GetProperty(name).GetString()));
    }
}
