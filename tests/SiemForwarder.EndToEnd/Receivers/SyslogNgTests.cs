namespace SiemForwarder.EndToEnd.Receivers;

public sealed class SyslogNgTests(SyslogNgServer server) : SyslogServerContract(server), IClassFixture<SyslogNgServer>
{
    // Not a promise of every server: rsyslog 8.2302 takes some clients whose name it should refuse, and keeps what they send.
    [Fact]
    public Task AClientOfAnotherNameIsRefusedAndToldSo() => AssertClientRefusedAsync(() => server.ClientTls(name: "somebody.else"));
}
