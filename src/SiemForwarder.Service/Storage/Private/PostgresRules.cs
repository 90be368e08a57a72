namespace SiemForwarder.Service.Storage.Private;

/// <summary>Who may log in to the private server: the user of the service, whom the kernel names at the socket (peer), as the one role there is.</summary>
/// <remarks>PostgreSQL's documentation, "The pg_hba.conf File", "User Name Maps" and "Peer Authentication".</remarks>
internal static class PostgresRules
{
    public const string Role = "siemforwarder";

    // Each file is whole at any moment, and never anybody else's to read.
    private const string Script = "umask 077 && printf %s \"$1\" >\"$2/pg_ident.conf.new\" && printf %s \"$3\" >\"$2/pg_hba.conf.new\" && "
        + "mv -f \"$2/pg_ident.conf.new\" \"$2/pg_ident.conf\" && mv -f \"$2/pg_hba.conf.new\" \"$2/pg_hba.conf\"";

    // The first line that fits a connection decides; `all` does not mean replication.
    private const string Logins = """
        # SiemForwarder writes this file at every start: one user of this machine, one role, the socket alone.
        local all siemforwarder peer map=siemforwarder
        local all all reject
        local replication all reject
        host all all all reject
        host replication all all reject

        """;

    /// <summary>Arguments of a <c>sh</c> that writes both files in the data folder; it runs as the user of the server, so that they are that user's, and
    /// no link that stands there leads further than that user gets.</summary>
    /// <param name="data">The data folder of the server.</param>
    /// <param name="user">The user of the machine that the service runs as.</param>
    public static string[] ScriptArguments(string data, string user) => ["-c", Script, "sh", Users(user), data, Logins];

    private static string Users(string user) => $"""
        # SiemForwarder writes this file at every start.
        siemforwarder "{user}" siemforwarder

        """;
}
