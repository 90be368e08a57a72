namespace SiemForwarder.Service.Storage.Private;

/// <summary>Login rules of the private server: only the user of the service, identified by the kernel at the socket (peer), as the only role.</summary>
/// <remarks>PostgreSQL documentation, "The pg_hba.conf File", "User Name Maps" and "Peer Authentication".</remarks>
internal static class PostgresRules
{
    public const string Role = "siemforwarder";

    // Each file is complete at any moment and never readable by anyone else.
    private const string Script = "umask 077 && printf %s \"$1\" >\"$2/pg_ident.conf.new\" && printf %s \"$3\" >\"$2/pg_hba.conf.new\" && "
        + "mv -f \"$2/pg_ident.conf.new\" \"$2/pg_ident.conf\" && mv -f \"$2/pg_hba.conf.new\" \"$2/pg_hba.conf\"";

    // The first line that matches a connection decides; `all` does not include replication.
    private const string Logins = """
        # SiemForwarder writes this file at every start: one user of this machine, one role, the socket alone.
        local all siemforwarder peer map=siemforwarder
        local all all reject
        local replication all reject
        host all all all reject
        host replication all all reject

        """;

    /// <summary>Arguments for an <c>sh</c> that writes both files into the data folder. It runs as the server's user, so that the files belong to that
    /// user and a symbolic link found there leads no further than that user may go.</summary>
    /// <param name="data">The data folder of the server.</param>
    /// <param name="user">The operating system user that the service runs as.</param>
    public static string[] ScriptArguments(string data, string user) => ["-c", Script, "sh", Users(user), data, Logins];

    private static string Users(string user) => $"""
        # SiemForwarder writes this file at every start.
        siemforwarder "{user}" siemforwarder

        """;
}
